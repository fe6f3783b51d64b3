def make(here): pass
