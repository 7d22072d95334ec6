"""What a document expects of its own flags: ``tests``, run against what is composed; never served."""
