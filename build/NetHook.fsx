// F# Interactive runs this file when a script references the package.
NetHook.LibTorch.Load()
