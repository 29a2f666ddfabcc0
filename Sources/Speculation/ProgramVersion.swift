/// The version that both programs print and write into what they make.
public enum ProgramVersion {
    public static let current = "0.1.0"
}
