"""An honest city: cases that arrive, are handled and end, as columns. Nothing here is wrong yet."""
