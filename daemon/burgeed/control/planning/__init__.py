"""From a command to the changes it means: pure functions of what is set and what lies beneath."""
