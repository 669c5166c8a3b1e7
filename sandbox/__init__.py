"""Two simulated government systems, a city's and the national portal's, with planted faults and the list of them.

The sandbox is the independent witness of this project: it shares no code with the product it tests, so a rule that
is misread there cannot be misread here by the same line. ``sandbox.world.build`` makes a world in memory, and
``python -m sandbox serve`` puts the same world behind two HTTP interfaces on the loopback address.

Reading order: ``catalogue`` (who and what), ``cases`` (an honest city), ``faults`` (what goes wrong on the way),
``verdict`` and ``truth`` (what must be found), ``city`` and ``portal`` (the two wires).
"""
