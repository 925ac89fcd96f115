"""Plans and inventories: reading, normalising, checking and bundling them."""
