// A provider of the tests' own: a `Thing` is a file with a text in it. It can be told to fail, to be
// slow, and gives a secret.
package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	version = "0.1.0"
	slow    = time.Minute
	schema  = `{
  "name": "x", "version": "0.1.0",
  "resources": {"x:index:Thing": {
    "inputProperties": {
      "folder": {"type": "string"}, "name": {"type": "string"}, "text": {"type": "string"},
      "mode": {"type": "string"}, "password": {"type": "string", "secret": true}
    },
    "requiredInputs": ["folder", "name", "text"],
    "properties": {
      "folder": {"type": "string"}, "name": {"type": "string"}, "text": {"type": "string"},
      "mode": {"type": "string"}, "password": {"type": "string", "secret": true},
      "token": {"type": "string", "secret": true}
    },
    "required": ["folder", "name", "text", "token"]
  }}
}`
)

type things struct {
	rpc.UnimplementedResourceProviderServer
	stopped chan struct{}
}

func (t *things) GetPluginInfo(context.Context, *emptypb.Empty) (*rpc.PluginInfo, error) {
	return &rpc.PluginInfo{Version: version}, nil
}

func (t *things) GetSchema(context.Context, *rpc.GetSchemaRequest) (*rpc.GetSchemaResponse, error) {
	return &rpc.GetSchemaResponse{Schema: schema}, nil
}

func (t *things) CheckConfig(_ context.Context, asked *rpc.CheckRequest) (*rpc.CheckResponse, error) {
	return &rpc.CheckResponse{Inputs: asked.GetNews()}, nil
}

func (t *things) DiffConfig(context.Context, *rpc.DiffRequest) (*rpc.DiffResponse, error) {
	return &rpc.DiffResponse{}, nil
}

func (t *things) Configure(context.Context, *rpc.ConfigureRequest) (*rpc.ConfigureResponse, error) {
	return &rpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

func (t *things) Check(_ context.Context, asked *rpc.CheckRequest) (*rpc.CheckResponse, error) {
	return &rpc.CheckResponse{Inputs: asked.GetNews()}, nil
}

func (t *things) Diff(_ context.Context, asked *rpc.DiffRequest) (*rpc.DiffResponse, error) {
	before, now := asked.GetOldInputs(), asked.GetNews()
	answer := &rpc.DiffResponse{Changes: rpc.DiffResponse_DIFF_NONE}
	for _, name := range []string{"folder", "name", "text"} {
		if text(before, name) == text(now, name) {
			continue
		}
		answer.Changes = rpc.DiffResponse_DIFF_SOME
		answer.Diffs = append(answer.Diffs, name)
		if name != "text" {
			answer.Replaces = append(answer.Replaces, name)
		}
	}
	return answer, nil
}

func (t *things) Create(_ context.Context, asked *rpc.CreateRequest) (*rpc.CreateResponse, error) {
	if asked.GetPreview() {
		return &rpc.CreateResponse{Properties: asked.GetProperties()}, nil
	}
	given, err := t.write(asked.GetProperties())
	if err != nil {
		return nil, err
	}
	return &rpc.CreateResponse{Id: place(asked.GetProperties()), Properties: given}, nil
}

func (t *things) Update(_ context.Context, asked *rpc.UpdateRequest) (*rpc.UpdateResponse, error) {
	if asked.GetPreview() {
		return &rpc.UpdateResponse{Properties: asked.GetNews()}, nil
	}
	given, err := t.write(asked.GetNews())
	return &rpc.UpdateResponse{Properties: given}, err
}

func (t *things) Delete(_ context.Context, asked *rpc.DeleteRequest) (*emptypb.Empty, error) {
	if err := os.Remove(place(asked.GetProperties())); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func (t *things) Read(_ context.Context, asked *rpc.ReadRequest) (*rpc.ReadResponse, error) {
	if _, err := os.Stat(asked.GetId()); err != nil {
		return &rpc.ReadResponse{}, nil
	}
	return &rpc.ReadResponse{Id: asked.GetId(), Properties: asked.GetProperties(), Inputs: asked.GetInputs()}, nil
}

// Cancel lets what is slow end at once, as the engine asks for after an interrupt.
func (t *things) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	close(t.stopped)
	return &emptypb.Empty{}, nil
}

func (t *things) write(asked *structpb.Struct) (*structpb.Struct, error) {
	switch text(asked, "mode") {
	case "fail":
		return nil, errors.New(text(asked, "name") + " is refused (" + text(asked, "password") + ")")
	case "slow":
		halfway := filepath.Join(text(asked, "folder"), "halfway")
		if err := os.WriteFile(halfway, nil, 0o600); err != nil {
			return nil, err
		}
		select {
		case <-time.After(slow):
		case <-t.stopped:
			return nil, errors.New("stopped, as asked")
		}
	}
	if err := os.WriteFile(place(asked), []byte(text(asked, "text")), 0o600); err != nil {
		return nil, err
	}
	found, err := plugin.UnmarshalProperties(asked, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return nil, err
	}
	letters := []rune(text(asked, "password"))
	slices.Reverse(letters)
	found["token"] = resource.MakeSecret(resource.NewProperty("c4nary-m4de-" + string(letters)))
	return plugin.MarshalProperties(found, plugin.MarshalOptions{KeepSecrets: true})
}

func place(asked *structpb.Struct) string {
	return filepath.Join(text(asked, "folder"), text(asked, "name"))
}

// text returns a property's text, whether it is a secret or not.
func text(asked *structpb.Struct, name string) string {
	value := asked.GetFields()[name]
	if secret := value.GetStructValue(); secret != nil {
		value = secret.GetFields()["value"]
	}
	return value.GetStringValue()
}

func main() {
	err := provider.Main("x", func(*provider.HostClient) (rpc.ResourceProviderServer, error) {
		return &things{stopped: make(chan struct{})}, nil
	})
	if err != nil {
		os.Exit(1)
	}
}
