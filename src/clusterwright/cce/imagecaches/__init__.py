"""Image caches: images that clusters without nodes have at hand before anything runs."""
