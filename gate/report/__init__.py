"""A run -> one document, many views. `document` builds the JSON report, `text` the summary for people, `writing` puts
files where they belong. A view formats what the document says; none of them judges.
"""
