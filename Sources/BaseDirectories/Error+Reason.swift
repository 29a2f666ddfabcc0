import Foundation

extension Error {
    /// What is wrong with a file, in the system's words: Foundation's own are sometimes no more than a number.
    package var reason: String {
        var cause = self as NSError
        while let deeper = cause.userInfo[NSUnderlyingErrorKey] as? any Error { cause = deeper as NSError }
        return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : localizedDescription
    }
}
