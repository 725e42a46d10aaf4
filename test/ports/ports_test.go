package ports

import (
	"fmt"
	"net"
	"testing"
)

func TestFree(t *testing.T) {
	port := Free(t)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if free(port) {
		t.Errorf("port %d is taken and counts as free", port)
	}
}
