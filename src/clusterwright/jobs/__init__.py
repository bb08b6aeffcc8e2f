"""Jobs: declared as data, stored as a tree of rows, walked by steps that may run again."""
