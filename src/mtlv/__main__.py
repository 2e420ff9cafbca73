"""`python -m mtlv`, which torchrun can start: `torchrun --nproc-per-node 4 -m mtlv run CONFIG`."""

from mtlv.cli.app import main

main()
