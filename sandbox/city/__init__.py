"""The city's system: the OpenCPS listing (VietOpenCPS/opencps-v2, ``DossierManagement``) over HTTP."""
