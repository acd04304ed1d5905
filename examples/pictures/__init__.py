"""The pictures of the README and of docs/, made from the sample class and the four notebooks.

    python -m examples.pictures

`table` says what there is, `probe` makes the small course by which a test finds that a picture is stale, `pages` and
`portal` find the pages of a course, `imported` that of a small import, `figures` runs the notebooks, `shots`
photographs, `stale` keeps the digests.
"""
