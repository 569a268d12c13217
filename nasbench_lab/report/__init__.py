"""What is made of stored results: tables, sentences, figures and the report."""
