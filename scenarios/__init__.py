"""The policies of the memo, one TOML file each, and the code that loads them."""
