#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The C library's cosine, where a file needs no more of it.
func cosine(_ x: Double) -> Double { cos(x) }
