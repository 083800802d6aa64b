"""The container engine: projects, stacks, images, and what they leave."""
