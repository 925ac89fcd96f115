"""What people type. Renders progress and tables; has no logic of its own."""
