include "../doc.go"
