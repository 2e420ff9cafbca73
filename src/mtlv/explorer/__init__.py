"""The explorer: local web pages over a run store, with a JSON twin of every page.

A page is a function from the library (what is known of the store) and what was asked to data; a
template shows the data, and the JSON twin is the data. It starts without torch, fetches nothing,
and listens on 127.0.0.1 unless it is told otherwise.

    from mtlv.explorer.app import Site, make_app
    app = make_app(Site(Path("runs")))  # any ASGI server takes it
"""
