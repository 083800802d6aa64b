"""Kind `ports`: numbers that a workspace's programs listen on, unique on the host, and the file that tells them."""
