"""Points become course marks, tables and files for learning platforms."""
