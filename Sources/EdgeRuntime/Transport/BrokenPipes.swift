import Foundation

/// Blocked, SIGPIPE is an error code of `write` instead of the end of the program.
package func ignoreBrokenPipesOnThisThread() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}
