"""The command line: one small module per group of commands; torch is imported only to train.

`mtlv.cli.app` puts the groups together and shows errors.
"""
