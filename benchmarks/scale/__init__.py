"""How time and memory grow with the country, the actions, the policies and the workers."""
