"""What is run by hand and by CI: measures, conformance."""
