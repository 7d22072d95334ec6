"""What was set at run time: entries, the changes of each revision, and their history in a database."""
