"""Tables, sentences, figures and the report of a comparison, all made from stored results."""
