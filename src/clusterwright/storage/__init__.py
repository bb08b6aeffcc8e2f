"""What is kept and where: the database, its schema and its moods, the data folder, size limits."""
