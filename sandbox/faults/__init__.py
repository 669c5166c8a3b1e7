"""What goes wrong between the city and the portal, planted on purpose and written down.

Every planted case gets one fault. The honest city is drawn first and copied to the portal; a fault then changes
columns of one side, so that what is served and what is written in the truth come from the same arrays.
"""
