"""Jobs as people need them: how far, why and how long; and being told instead of asking."""
