# Installs Flow as a CMake package. The export itself follows with the public C++ API.
