"""Starting the Bourse: the launcher, the embedded engines, provisioning and the demonstration."""
