"""The dashboard for the staff: static pages from the gradebook and the record. Pure: values in, text out.

`site.pages` is the way in. Every page opens from disk and loads nothing but the style sheet beside it.
Same evidence, same bytes.
"""
