"""The national portal: login, one endpoint, an envelope that names the service (second generation of the interface)."""
