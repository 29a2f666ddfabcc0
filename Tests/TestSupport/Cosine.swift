#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The C library's cosine, for tests that need no more of it.
public func cosine(_ x: Double) -> Double { cos(x) }

/// The C library's sine.
public func sine(_ x: Double) -> Double { sin(x) }
