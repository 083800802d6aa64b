"""What a sandboxed command is started in, and what of its private git directory comes out again."""
