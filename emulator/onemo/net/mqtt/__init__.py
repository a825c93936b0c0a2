"""The codec of MQTT 3.1.1, for the module's client and the sandbox's broker. Pure."""
