"""Messages as rows of a table with one fixed schema: for Parquet, CSV, SQL; and their packets as captures."""
