"""A service as small as can be, for the steps of deploy.yml."""
