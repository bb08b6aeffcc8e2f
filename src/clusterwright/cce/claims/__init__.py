"""Claims: persistent volumes of the cloud, in the older style that names the volume itself."""
