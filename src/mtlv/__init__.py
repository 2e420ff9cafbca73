"""mtlv: multi-task learning on text, made visible."""

__all__ = ["__version__"]

__version__ = "0.1.0"
