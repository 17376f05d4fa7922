"""Where octets come from: files, streams and interfaces; containers, link types, the kernels, fragments."""
