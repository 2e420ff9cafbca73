"""Pages: each a function from the library and what was asked to a title, a template and data.

The data are what both the template and the JSON twin show; nothing here knows of HTTP. A module is
imported when its page is asked for, as pandas and SciPy take longer than the server may to start.
"""

from mtlv.explorer.pages.page import Page

__all__ = ["Page"]
