"""DuckDB storage: records, the one owner of the file, migrations, queries by table."""
