// Command scenario calls the official Go SDK as told on standard input, one JSON line per call,
// and answers each call with one JSON line. The client is built as in the ShowJob page's sample;
// operations and request models are found by name, so that every operation can be called.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	cce "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
	region "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3/region"
)

type call struct {
	Operation string          `json:"call"`
	Args      json.RawMessage `json:"args"`
}

type answer struct {
	OK        bool   `json:"ok"`
	Status    int    `json:"status,omitempty"`
	Body      any    `json:"body,omitempty"`
	Exception string `json:"exception,omitempty"`
	ErrorCode string `json:"error_code,omitempty"`
	ErrorMsg  string `json:"error_msg,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

func main() {
	credentials := basic.NewCredentialsBuilder().
		WithAk(os.Getenv("HUAWEICLOUD_SDK_AK")).
		WithSk(os.Getenv("HUAWEICLOUD_SDK_SK")).
		WithProjectId(os.Getenv("HUAWEICLOUD_SDK_PROJECT_ID")).
		Build()
	client := cce.NewCceClient(
		cce.CceClientBuilder().
			WithRegion(region.ValueOf("cn-north-4")).
			WithCredential(credentials).
			Build())

	calls := json.NewDecoder(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		var asked call
		if err := calls.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(perform(client, asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func perform(client *cce.CceClient, asked call) answer {
	operation, found := find(client, asked.Operation)
	if !found {
		return answer{Exception: "UnsupportedOperation", ErrorMsg: asked.Operation}
	}
	request := reflect.New(operation.Type().In(0).Elem())
	if err := json.Unmarshal(asked.Args, request.Interface()); err != nil {
		return refused(err)
	}
	results := operation.Call([]reflect.Value{request})
	if err, failed := results[1].Interface().(error); failed {
		return refused(err)
	}
	response := results[0]
	return answer{
		OK:     true,
		Status: int(response.Elem().FieldByName("HttpStatusCode").Int()),
		Body:   response.Interface(),
	}
}

// find returns the operation of that name. Letter case is ignored, because the SDKs of the
// languages write abbreviations differently.
func find(client *cce.CceClient, name string) (reflect.Value, bool) {
	methods := reflect.ValueOf(client)
	for i := 0; i < methods.NumMethod(); i++ {
		if strings.EqualFold(methods.Type().Method(i).Name, name) {
			return methods.Method(i), true
		}
	}
	return reflect.Value{}, false
}

func refused(err error) answer {
	result := answer{Exception: typeName(err), ErrorMsg: err.Error()}
	var response *sdkerr.ServiceResponseError
	if errors.As(err, &response) {
		result.Status = response.StatusCode
		result.ErrorCode = response.ErrorCode
		result.ErrorMsg = response.ErrorMessage
		result.RequestID = response.RequestId
	}
	return result
}

func typeName(err error) string {
	name := fmt.Sprintf("%T", err)
	return name[strings.LastIndex(name, ".")+1:]
}
