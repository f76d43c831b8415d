"""The commands of `./bourse`."""
