"""What follows the fixed part of a message: quoted datagrams, extension objects, options, records."""
