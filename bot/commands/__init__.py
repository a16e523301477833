"""What people can type: one file per command. Filled in below."""
