"""The command line: one small module per group of commands; torch is imported only to train."""

from mtlv.cli.app import main

__all__ = ["main"]
