// The unit that the precompiled headers of the test programs belong to; it has no content of its own.
