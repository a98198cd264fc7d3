// Carries the precompiled headers that the compiler libraries share.
